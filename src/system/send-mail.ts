import type { Transporter } from 'nodemailer';
import type { SendWebhook } from '../engine/hosting/webhook-dispatcher.ts';

/** The SMTP server that takes the mail, and in whose name it is sent. */
export interface MailServer {
  /** `smtp://user@host:587` (STARTTLS where the server has it) or `smtps://…`. */
  readonly url: string;
  /** In the place of one in the address. */
  readonly password: string | undefined;
  /** `Rowmill <rowmill@example.com>`. */
  readonly from: string;
}

/** Within the time that a delivery may take. */
const TIMEOUT_MS = 10_000;
const LOOPBACK = /^(?:localhost|127\.[\d.]+|\[?::1\]?)$/;

/**
 * Sends messages of alerts as mail: one to each address, with an id that is the same at every attempt. The
 * status is that of SMTP, whose 250 is well and all else is not.
 */
export function mailSender(server: MailServer): {
  readonly send: SendWebhook;
  close(): Promise<void>;
} {
  let opened: Promise<Transporter> | undefined;
  return {
    async send({ id, payload, url, signal }) {
      opened ??= openTransport(server);
      const transport = await opened;
      signal.throwIfAborted();
      try {
        const { response = '' } = await Promise.race([
          transport.sendMail({ ...mailOf(payload), ...headersOf({ id, url, server }) }),
          abortion(signal),
        ]);
        return { status: Number.parseInt(response, 10), body: response };
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        return refusal;
      }
    },
    close: async () => (await opened)?.close(),
  };
}

async function openTransport({ url, password }: MailServer): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const { protocol, hostname, port, username, password: inUrl } = new URL(url);
  const pass = password ?? decodeURIComponent(inUrl);
  const isSecure = protocol === 'smtps:';
  return createTransport({
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: port === '' ? (isSecure ? 465 : 587) : Number(port),
    secure: isSecure,
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass } }),
    // A password is never sent in clear over a network.
    requireTLS: username !== '' && !LOOPBACK.test(hostname),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // What is sent is text of ours: nothing is fetched for it.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

function mailOf(payload: string): { readonly subject: string; readonly text: string } {
  // Written by `alertPayload`; a test of the channel itself has no text.
  const { type, data } = JSON.parse(payload) as {
    readonly type: string;
    readonly data: Readonly<Partial<Record<'alert' | 'alert_id' | 'summary' | 'text', string>>>;
  };
  const { alert, summary = type, text = payload } = data;
  const state = type === 'alert.resolved' ? 'over: ' : '';
  const name = alert === undefined ? '' : ` ${alert}`;
  const footer =
    alert === undefined ? '' : `\n\n-- \nAlert${name} of Rowmill. See: rowmill alert show ${alert}`;
  return { subject: `[Rowmill${name}] ${state}${summary}`, text: `${text}${footer}\n` };
}

function headersOf({
  id,
  url,
  server,
}: {
  readonly id: string;
  readonly url: string;
  readonly server: MailServer;
}) {
  const domain = /@([\w.-]+)/.exec(server.from)?.[1] ?? 'rowmill';
  return {
    from: server.from,
    to: { name: '', address: decodeURIComponent(url.slice('mailto:'.length)) },
    messageId: `<${id}@${domain}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Rowmill-Message': id },
  };
}

/** What the server said that did not take it. */
function refusalOf(error: unknown): { readonly status: number; readonly body: string } | undefined {
  if (!(error instanceof Error) || !('responseCode' in error)) return undefined;
  const { responseCode: status } = error;
  return typeof status === 'number' ? { status, body: error.message } : undefined;
}

function abortion(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new Error('the mail was not taken in time'));
    signal.addEventListener('abort', end, { once: true });
  });
}
