import type { ScriptOutcome } from '../../src/engine/ports/script-executor.ts';

/** What came of a script that did nothing. */
export const SCRIPT_OUTCOME: ScriptOutcome = {
  resultCode: 'success',
  result: null,
  log: [],
  stdout: { text: '', bytes: 0, cutBytes: 0 },
  stderr: { text: '', bytes: 0, cutBytes: 0 },
  statistics: {
    wallMs: 12,
    cpuMs: 7,
    peakMemoryBytes: 1024,
    eventBytes: 2,
    resultBytes: 4,
    stdoutBytes: 0,
    stderrBytes: 0,
  },
  runtime: { language: 'python', version: '3.11.7' },
};
