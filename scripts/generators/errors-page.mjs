import { writeFile } from 'node:fs/promises';
import { ERROR_CODES, ERRORS, ERRORS_ELSEWHERE, errorCodesOf, OPERATIONS } from '@roundhouse/contracts';

/** The page of all errors, made from the one table of them. @param {string} path where it is written */
export async function errorsPage(path) {
  await writeFile(path, errorsMarkdown());
}

/** @returns {string} */
export function errorsMarkdown() {
  const operations = Object.values(OPERATIONS);
  const rows = ERROR_CODES.map((code) => {
    const { status, retry, hint } = ERRORS[code];
    const own = operations.filter((operation) => errorCodesOf(operation).includes(code));
    const elsewhere = /** @type {Readonly<Record<string, string | undefined>>} */ (ERRORS_ELSEWHERE)[code];
    const names = own.length > operations.length / 2 ? 'most or all' : own.map(({ name }) => `\`${name}\``).join(', ');
    const where = elsewhere ?? names;
    return `| \`${code}\` | ${status} | ${retry ? 'yes' : 'no'} | ${hint.replaceAll('|', '\\|')} | ${where} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}

const HEAD = `<!-- Made by \`npm run generate\` from packages/contracts/src/errors.ts. Do not edit. -->

# Errors

Every answer with a status of 400 or more has this body:
\`{ "error": { "code", "message", "hint", "retry", "details"? } }\`. The same object is the structured content of an MCP
tool's result with \`isError\`. \`retry\` says whether the very same request may succeed later.

| code | status | retry | what to do | operations |
|---|---|---|---|---|
`;
