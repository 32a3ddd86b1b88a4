// The run of a firing has the id of the firing: what is started twice is one run.

export function runIdOf(firingId: string): string {
  return firingId.replace(/^fir_/, 'run_');
}

/** The firing of a run, where it has one. */
export function firingIdOf(runId: string): string {
  return runId.replace(/^run_/, 'fir_');
}

/** Whether a text is an id as firings have it: what lies elsewhere may be named by anybody. */
export function isFiringId(text: string): boolean {
  return /^fir_[A-Za-z0-9_-]{1,64}$/.test(text);
}
