/** A request that cannot be answered: its HTTP status and a message of one line for the client. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The server has too much to do: 503, try again. */
export function busy(): RequestError {
  return new RequestError(503, "the server is busy; try again");
}
