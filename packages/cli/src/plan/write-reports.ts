import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import { junitReport } from './junit-report.ts';
import type { RunReport } from './run-report.ts';

/** The files to write; null: not wanted. */
export interface ReportFiles {
  readonly junit: string | null;
  readonly json: string | null;
}

/** Later steps of a pipeline, other users often, read them. */
const MODE = 0o644;

export async function writeReports(report: RunReport, files: ReportFiles): Promise<void> {
  if (files.junit !== null) await write(files.junit, junitReport(report));
  if (files.json !== null) await write(files.json, `${JSON.stringify(report, null, 2)}\n`);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, text, { mode: MODE });
}
