import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A mail that was taken, or refused. */
interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and text, as they came. */
  readonly data: string;
}

/** An SMTP server that keeps what it is sent, on a free port of 127.0.0.1. */
export interface SmtpReceiver {
  /** `smtp://127.0.0.1:…`. */
  readonly url: string;
  readonly mails: readonly Mail[];
  /** What clients said to log in, decoded. */
  readonly logins: readonly string[];
  /** What it answers to recipients from now on. */
  answer(line: string): void;
  /** Waits until it has so many mails. Bounded: 15 s. */
  received(count: number): Promise<readonly Mail[]>;
  close(): Promise<void>;
}

export async function startSmtp(): Promise<SmtpReceiver> {
  const mails: Mail[] = [];
  const logins: string[] = [];
  const sockets = new Set<Socket>();
  let recipients = '250 2.1.5 OK';
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let [text, from] = ['', ''];
    let to: string[] = [];
    let isData = false;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    const hear = (line: string): void => {
      const [verb = ''] = line.toUpperCase().split(' ');
      if (verb === 'EHLO') {
        say('250-fake');
        say('250 AUTH PLAIN');
      } else if (verb === 'AUTH') {
        const [, , secret = ''] = line.split(' ');
        logins.push(Buffer.from(secret, 'base64').toString().replaceAll('\0', ' ').trim());
        say('235 2.7.0 welcome');
      } else if (verb === 'MAIL') {
        from = /<(.*?)>/.exec(line)?.[1] ?? '';
        say('250 2.1.0 OK');
      } else if (verb === 'RCPT') {
        to.push(/<(.*?)>/.exec(line)?.[1] ?? '');
        say(recipients);
      } else if (verb === 'DATA') {
        isData = true;
        say('354 go on');
      } else if (verb === 'STARTTLS') {
        say('502 5.5.1 there is none here');
      } else if (verb === 'QUIT') {
        say('221 bye');
        socket.end();
      } else {
        to = [];
        say('250 OK');
      }
    };
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (;;) {
        const end = text.indexOf(isData ? '\r\n.\r\n' : '\r\n');
        if (end === -1) return;
        const part = text.slice(0, end);
        text = text.slice(end + (isData ? 5 : 2));
        if (!isData) {
          hear(part);
          continue;
        }
        mails.push({ from, to, data: part });
        [isData, to] = [false, []];
        say('250 2.0.0 queued');
      }
    });
    say('220 fake ESMTP');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    logins,
    answer(line) {
      recipients = line;
    },
    async received(count) {
      for (let tries = 0; tries < 600 && mails.length < count; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      if (mails.length < count) throw new Error(`${mails.length} of ${count} mails came`);
      return mails;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
