import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError } from 'commander';
import { verifyChain } from '../audit/verify-chain.ts';
import { connect, type ConnectOptions, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';

const PAGE = 1_000;

/** `roundhouse audit export|verify` */
export function auditCommand(context: Context): Command {
  const { output } = context;
  const exporting = withConnection(new Command('export'), context)
    .summary('write the audit to standard output, one entry a line')
    .option('--after <number>', 'only what follows the entry of this number', entryNumber)
    .action(async (options: ConnectOptions & { after?: string }) => {
      const client = await connect(context, options);
      let cursor: string | null = options.after ?? '0';
      while (cursor !== null) {
        const page: { entries: unknown[]; nextCursor: string | null } = await client.call('readAudit', {
          cursor,
          limit: PAGE,
        });
        for (const entry of page.entries) output.json(entry);
        cursor = page.nextCursor;
      }
    });
  const verify = new Command('verify')
    .summary('check an exported audit: nothing altered, left out or added in between')
    .argument('<file>', 'what "audit export" wrote')
    .option('--expect <hash>', 'an entry must have this hash, which was noted elsewhere', sha256Hash)
    .option('--json', 'answer in JSON', false)
    .action(async (file: string, options: { expect?: string; json: boolean }) => {
      const path = resolve(context.cwd, file);
      const isFile = await stat(path).then(
        (found) => found.isFile(),
        () => false,
      );
      if (!isFile) throw new Failure(`${file} is no file that can be read`, { exitCode: EXIT.usage });
      const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
      const report = await verifyChain(lines, options.expect ?? null);
      const { entries, first, last, head, faults, hasExpected } = report;
      if (options.json) output.json(report);
      else if (entries === 0) output.line('no entries');
      else output.line(`${entries} entries, ${first} to ${last}; the hash of the last one is ${head}`);
      if (!options.json)
        for (const { line, seq, fault } of faults)
          output.line(`line ${line}${seq === null ? '' : `, entry ${seq}`}: ${fault}`);
      if (faults.length > 0) throw new Failure('the chain is broken');
      if (hasExpected === false) throw new Failure('no entry has the expected hash');
    });
  return new Command('audit')
    .summary('export and check the record of all calls')
    .addCommand(exporting)
    .addCommand(verify);
}

function entryNumber(text: string): string {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be the number of an entry.');
  return text;
}

function sha256Hash(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('It must be a SHA-256 hash, hexadecimal.');
  return text;
}
