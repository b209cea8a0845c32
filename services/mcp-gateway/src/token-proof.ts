import {
  type ApiAnswer,
  ErrorBody,
  type ErrorCode,
  isErrorCode,
  RoundhouseError,
  showsGoodToken,
  type Transport,
  UnreachableError,
} from '@roundhouse/contracts';

/** What is known of the token of one request. */
export interface TokenProof {
  /** Sends requests with the token, and learns from the answers whether it is good. */
  readonly transport: Transport;
  /**
   * Resolves once the coordinator has let the token in, or cannot be reached; asks it only where no answer has said so yet.
   * @throws RoundhouseError what the coordinator says where it does not let it in
   */
  settle(): Promise<void>;
}

/** What the coordinator answers to a token that it does not let in, whatever is asked for. */
const REFUSALS: readonly ErrorCode[] = ['unauthenticated', 'access_stopped'];

/**
 * The coordinator judges every call by its token, so a call that it answered has shown that the token is good: it need not be
 * asked beforehand, and nothing is remembered from one request to the next.
 */
export function createTokenProof(send: Transport, whoami: (transport: Transport) => Promise<unknown>): TokenProof {
  let isGood = false;
  let refused: RoundhouseError | null = null;
  const note = (error: RoundhouseError | null): void => {
    if (error === null) return;
    if (showsGoodToken(error.code)) isGood = true;
    else if (REFUSALS.includes(error.code)) refused ??= error;
    // What else there is may come before the token is looked at.
  };
  const transport: Transport = async (request) => {
    const answer = await send(request);
    if (answer.status >= 200 && answer.status < 300) isGood = true;
    else note(errorOf(answer));
    return answer;
  };
  return {
    transport,
    async settle() {
      if (isGood) return;
      if (refused !== null) throw refused;
      try {
        await whoami(transport);
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
      }
    },
  };
}

/** Null where it is not the coordinator's: whoever called says so. */
function errorOf({ text }: ApiAnswer): RoundhouseError | null {
  const parsed = ErrorBody.safeParse(jsonOf(text));
  if (!parsed.success) return null;
  const { code, message, details } = parsed.data.error;
  return isErrorCode(code) ? new RoundhouseError(code, message, details) : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
