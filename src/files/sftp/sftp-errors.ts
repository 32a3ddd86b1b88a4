import { RowmillError } from '../../engine/errors.ts';

/** Status codes of SFTP version 3, as far as they are told apart here. */
const STATUS = { end: 1, missing: 2, denied: 3, noConnection: 6, connectionLost: 7 } as const;

const MEANINGS: Readonly<Record<number, string>> = {
  [STATUS.missing]: 'there is no such file or folder',
  [STATUS.denied]: 'the server does not permit it',
  4: 'the server could not do it',
  5: 'the server did not understand it',
  8: 'the server cannot do that',
};

/** What an SFTP server answered; undefined where it did not answer. */
export function statusOf(error: Error): number | undefined {
  const code = 'code' in error ? error.code : undefined;
  if (typeof code !== 'number') return undefined;
  return code === STATUS.noConnection || code === STATUS.connectionLost ? undefined : code;
}

/** That an SFTP server refuses something, with its own words where they say more. */
export function refusal(
  error: Error,
  { status, about }: { readonly status: number; readonly about: string },
): RowmillError {
  const meaning = MEANINGS[status] ?? 'the server could not do it';
  const said = /^(?:failure|no such file.*|permission denied|bad message)\.?$/i.test(error.message)
    ? ''
    : ` (${error.message.slice(0, 200)})`;
  const code = status === STATUS.missing ? 'input_not_found' : 'sftp_failed';
  return new RowmillError(code, `${about}: ${meaning}${said}`, { cause: error });
}

/** Whether an SFTP server has said that there is no more. */
export function isEnd(error: unknown): boolean {
  const cause = error instanceof RowmillError ? error.cause : undefined;
  return cause instanceof Error && statusOf(cause) === STATUS.end;
}
