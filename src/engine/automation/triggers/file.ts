import picomatch from 'picomatch';
import { z } from 'zod';

const MOST_S = 24 * 60 * 60;

/** What a pattern of names must be like, in a sentence. */
export const QUICK_RULE = 'expected two * at most, and no @( +( ?( !( or *(, such as orders-*.csv';

/** Whether a pattern is matched soon, whatever the name: each * more multiplies the ways to try. */
export function isQuick(glob: string): boolean {
  return (glob.match(/\*+/g) ?? []).length <= 2 && !/[?+@!*]\(/.test(glob);
}

/** The name of a folder below the one that is watched. */
const Below = z.string().regex(/^[\p{L}\p{N}_][\p{L}\p{N}_ .-]{0,99}$/u, {
  error: ({ input }) => `${JSON.stringify(input)}: expected the name of a folder, without /`,
});

/** What a file that arrives somewhere must be like, and what becomes of it. */
const ARRIVAL = {
  glob: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^/\p{C}]*$/u, { error: 'expected a pattern of names, without /' })
    .refine(isQuick, { error: QUICK_RULE })
    .default('*')
    .meta({ description: 'Which names: `*.csv`, `{orders,returns}-*.csv`' }),
  stable_seconds: z.number().min(0).max(MOST_S).default(5).meta({
    description: 'How long neither its size nor its time may have changed',
  }),
  poll_seconds: z.number().min(1).max(MOST_S).default(10).meta({
    description: 'How often is looked',
  }),
  done: Below.default('done').meta({ description: 'Folder below it for files that went well' }),
  failed: Below.default('failed').meta({ description: 'The same for those that did not' }),
};

/** When a file arrives in a folder of the server, or of an SFTP server. */
export const FileTrigger = z
  .strictObject({
    kind: z.literal('file'),
    folder: z.string().min(1).max(1_000).meta({
      description:
        'Its whole path, below one of the setting `fileRoots`; with `sftp` a path below the root of the connection, `.` for the root itself',
      example: '/srv/in/orders',
    }),
    sftp: z.string().min(1).max(100).optional().meta({
      description: 'Name of the SFTP connection on whose server the folder lies',
    }),
    ...ARRIVAL,
  })
  .refine(({ done, failed }) => done !== failed, {
    path: ['failed'],
    error: 'is the same folder as done: expected another',
  })
  .meta({
    id: 'FileTrigger',
    description: 'When a file arrives in a folder: it is claimed, given to the run, and put away',
    example: {
      kind: 'file',
      folder: '/srv/in/orders',
      glob: '*.csv',
      stable_seconds: 5,
      poll_seconds: 10,
      done: 'done',
      failed: 'failed',
    },
  });

/** What is to be told of names that are no UTF-8, of which these are meant; undefined where there are none. */
export function whyUnreadable([name]: readonly string[]): string | undefined {
  if (name === undefined) return undefined;
  return `the name ${JSON.stringify(name)} is no UTF-8: the file stays where it lies, and so does every other one like it. Give it a name in UTF-8`;
}

/** Whether a name is one that is meant. Hidden files are, where the pattern begins with a dot. */
export function isNameMeant(glob: string, name: string): boolean {
  return picomatch(glob, { basename: true })(name);
}
