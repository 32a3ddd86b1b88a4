// The run of a firing has the id of the firing: what is started twice is one run.

export function runIdOf(firingId: string): string {
  return firingId.replace(/^fir_/, 'run_');
}

/** The firing of a run, where it has one. */
export function firingIdOf(runId: string): string {
  return runId.replace(/^run_/, 'fir_');
}
