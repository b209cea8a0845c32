import type { ChainableCommander } from 'ioredis';

/**
 * Sends a transaction or a pipeline and answers the values of its commands, in their order. @throws the first error of any of them,
 * or where Redis gave a transaction up
 */
export async function answersOf(commands: ChainableCommander): Promise<unknown[]> {
  const results = await commands.exec();
  if (results === null) throw new Error('redis gave up a transaction');
  return results.map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}
