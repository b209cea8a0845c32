/** What went wrong for a reason outside this program; told in words, without a stack trace. */
export class BootstrapFault extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
