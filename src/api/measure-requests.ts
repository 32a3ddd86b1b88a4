import type { Context, Next } from 'koa';
import type { ApiPorts } from './api-ports.ts';

/** Tells the metrics how long each request took, until its last byte or its connection was gone. */
export function measureRequests({ metrics }: Pick<ApiPorts, 'metrics'>) {
  return async (context: Context, next: Next): Promise<void> => {
    const begun = performance.now();
    const { res, method } = context;
    let isStream = false;
    res.once('close', () => {
      if (isStream) metrics.streamClosed();
      const route: unknown = context.state['route'];
      metrics.requestEnded({
        method,
        route: typeof route === 'string' ? route : 'none',
        status: res.writableFinished ? String(res.statusCode) : 'aborted',
        seconds: (performance.now() - begun) / 1_000,
      });
    });
    const writeHead = res.writeHead.bind(res);
    // A stream of events is open as soon as its head is sent, long before its handler ends.
    res.writeHead = ((...given: Parameters<typeof writeHead>) => {
      const sent = writeHead(...given);
      isStream = String(res.getHeader('content-type')).startsWith('text/event-stream');
      if (isStream) metrics.streamOpened();
      return sent;
    }) as typeof writeHead;
    await next();
  };
}
