/** Stable codes of {@link NjitError}. */
export type NjitErrorCode =
  /** The function has something in it that cannot be compiled. */
  | "ERR_NJIT_UNSUPPORTED"
  /** The kinds of values do not go together, or one cannot be told. */
  | "ERR_NJIT_TYPE"
  /** A name is neither a parameter, a variable, nor something that could be captured. */
  | "ERR_NJIT_CAPTURE"
  /** A signature is not understood, or does not fit the function. */
  | "ERR_NJIT_SIGNATURE";

/** Where something stands. Lines and columns begin at 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Why a function cannot be compiled. Match on `code`; the message has the source line with a caret. */
export class NjitError extends Error {
  override readonly name: string = "NjitError";
  readonly code: NjitErrorCode;
  readonly location: SourceLocation | undefined;

  constructor(code: NjitErrorCode, message: string, location?: SourceLocation, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.location = location;
  }
}
