import type { Firing } from './firing-store.ts';

/** The run of a firing; how many firings there are in its place, one for each item; what else is at work that it must not overlap; or why it is one too many. */
export type StartedFiring =
  | { readonly runId: string }
  | { readonly listed: number }
  | { readonly overlaps: string }
  | { readonly archived: string }
  | { readonly tooMany: string };

/** What a job is to whoever decides when it runs. */
export interface JobRuns {
  /**
   * Starts the run of a firing. Called again for the same firing, as happens when a server goes away in
   * between, it finds the run that was made before. Throws where there is nothing to run.
   */
  start(firing: Firing): Promise<StartedFiring>;
}
