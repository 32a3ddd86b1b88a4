import type { Context } from 'koa';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ApiProblem } from '../problem.ts';

const WINDOW_S = 60;

/** How many requests a key makes in a minute, and an address where there is no key. Each server counts its own. */
export class RateLimits {
  readonly #perMinute: number;
  readonly #limiter: RateLimiterMemory | undefined;

  /** 0 for any number. */
  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#limiter =
      perMinute === 0
        ? undefined
        : new RateLimiterMemory({ points: perMinute, duration: WINDOW_S });
  }

  /** Counts a request and says in its answer what is left. Throws `rate_limited`. */
  async count(context: Context, keyId: string | undefined): Promise<void> {
    if (this.#limiter === undefined) return;
    let left: RateLimiterRes;
    try {
      left = await this.#limiter.consume(keyId ?? addressGroup(context.ip));
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      this.#say(context, error);
      throw limited(`more than ${this.#perMinute} requests in a minute`, error.msBeforeNext);
    }
    this.#say(context, left);
  }

  #say(context: Context, { remainingPoints, msBeforeNext }: RateLimiterRes): void {
    const reset = Math.ceil(msBeforeNext / 1_000);
    context.set({
      'RateLimit-Policy': `"default";q=${this.#perMinute};w=${WINDOW_S}`,
      RateLimit: `"default";r=${remainingPoints};t=${reset}`,
    });
  }
}

export function limited(message: string, retryAfterMs: number): ApiProblem {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return new ApiProblem('rate_limited', `${message}: try again in ${seconds} s`, {
    headers: { 'Retry-After': String(seconds) },
  });
}

/** Who has IPv6 has a network of addresses: it counts as one. */
export function addressGroup(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return bare.includes(':') ? bare.split(':').slice(0, 4).join(':') : bare;
}
