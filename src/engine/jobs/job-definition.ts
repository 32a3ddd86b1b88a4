import type { ScriptLogLevel } from '../ports/script-executor.ts';
import type { ExecutionPlan } from '../services/execution-plan.ts';

/** A file of a script. */
export interface ScriptFile {
  /** Relative, with `/`; unique in the job. */
  readonly path: string;
  readonly content: string;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** A service elsewhere, which is called by HTTP. What it is sent are the arguments of the job. */
export interface ServiceWork {
  readonly kind: 'service';
  readonly endpoint: string;
  /** After so long it is taken not to respond. */
  readonly timeoutSeconds: number;
  /** False: no other call of it may be under way, on whatever server. */
  readonly allowsConcurrency: boolean;
  /** When it is called, as it was written. What makes it so is the schedule of the service. */
  readonly executionPlan: ExecutionPlan | undefined;
}

/** What a job runs. */
type JobWork =
  | ServiceWork
  | {
      readonly kind: 'task';
      /** `category/action`. */
      readonly task: string;
    }
  | {
      /** Its files are kept with the version. */
      readonly kind: 'script';
      readonly language: ScriptLanguage;
      /** Path of the file that has the job's class. */
      readonly entry: string;
      /** Undefined where the entry has exactly one. */
      readonly className: string | undefined;
    };

export const SCRIPT_LANGUAGES = ['javascript', 'typescript', 'python'] as const;

type ScriptLanguage = (typeof SCRIPT_LANGUAGES)[number];

/** What becomes of a start while a run of the job is at work. `queue`: it waits in a queue with one worker. */
export const OVERLAPS = ['skip', 'queue', 'allow'] as const;

/** What is done with an event that is equal to one before. */
export const DEDUPE_MODES = ['throttle', 'debounce'] as const;

/** Which events of a job are one. */
export interface Dedupe {
  /** Seconds; 0: no two are equal. */
  readonly windowS: number;
  /** `payload` for all of it, or the path of what is compared: `individual.id`. */
  readonly key: string;
  /**
   * `throttle`: the first runs, and equal ones are dropped until none has come for the window. `debounce`:
   * the last runs, when none has come for the window.
   */
  readonly mode: (typeof DEDUPE_MODES)[number];
}

export const DEFAULT_DEDUPE: Dedupe = { windowS: 60, key: 'payload', mode: 'throttle' };

/** What is decided of a job. A change of any of it makes a new version. */
export interface JobDefinition {
  /** Unique in the account. */
  readonly name: string;
  readonly description: string;
  readonly work: JobWork;
  /** What a start adds to or replaces. */
  readonly arguments: JsonObject;
  /** JSON Schema of the arguments of a start, those of the job among them. Undefined: any. */
  readonly argumentSchema: JsonObject | undefined;
  /** In whose name its runs are: undefined for who starts them. */
  readonly runAs: string | undefined;
  /** What a script logs below this level is dropped. */
  readonly logLevel: ScriptLogLevel;
  /** Records of runs that are kept, the newest. */
  readonly logLimit: number;
  /** Starts at most in any 60 s; undefined for any number. */
  readonly runsPerMinute: number | undefined;
  /** Whether a run that broke off goes on from its last checkpoint. */
  readonly allowContinuation: boolean;
  readonly overlap: (typeof OVERLAPS)[number];
  /** Name of the account's executor that a script is executed by. */
  readonly executor: string;
  /** By injection key: the name of a secret of the account, as `secretName` writes it. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Names of the SFTP connections of the account that a script of it may use. */
  readonly sftp: readonly string[];
  /** Roles whose keys may start it, and nothing else. */
  readonly allow: readonly string[];
  /** Who is to be told when runs of it fail; undefined: nobody. */
  readonly monitored: Monitoring | undefined;
  readonly dedupe: Dedupe;
  /** Name of the queue in which every start of it waits; undefined: none does. */
  readonly queue: string | undefined;
}

/** When those who watch over a job are told. */
export interface Monitoring {
  /** Runs that must fail one after another. */
  readonly failures: number;
}

/** What a job is where nothing is said, and was before these were there. */
export const DEFAULT_JOB = {
  executor: 'default',
  secrets: {},
  sftp: [],
  allow: [],
  dedupe: DEFAULT_DEDUPE,
} as const;
