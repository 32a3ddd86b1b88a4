/** How a setting is written. */
export interface SettingSpec {
  readonly variable: string;
  readonly flag: string;
  readonly fallback: unknown;
  /** Turns what was written into the value; undefined says that it is not one. */
  readonly read: (written: unknown, folder: string) => unknown;
  /** What is allowed, for the error. */
  readonly allowed: string;
  /** What exactly is wrong with what was written, where `read` gave undefined. */
  readonly problem?: (written: unknown) => string | undefined;
  /** The value as it may be shown, where it can hold a secret. */
  readonly shown?: (value: string) => string;
}
