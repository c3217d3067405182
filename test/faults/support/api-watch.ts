/** A client that asks the API all the time, and what it was answered: nothing but answers, and "not now" with a time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Caller } from '../../stories/cast.ts';

export interface Watched {
  /** Answers that no caller should ever get, each once. */
  readonly improper: readonly string[];
  /** What was seen beside good answers, each once; `no connection` where nobody listened. */
  readonly seen: readonly string[];
  /** Seconds from the beginning to the first answer that was not good; `null` where all were. */
  readonly noticedAfter: number | null;
  /** Seconds from the beginning to the first good answer after the last other one. */
  readonly goodAgainAfter: number;
}

export interface ApiWatch {
  end(): Promise<Watched>;
}

const EVERY_MS = 100;

/** Asks for what needs Postgres alone, as `caller`. */
export function watchApi(caller: Caller): ApiWatch {
  const ending = new AbortController();
  const url = `${caller.session.apiUrl}/v1/account`;
  const headers = caller.platform.headersFor(url);
  const begun = Date.now();
  const answers: { readonly after: number; readonly what: string; readonly proper: boolean }[] = [];
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(20_000) }).catch(() => null);
      answers.push({ after: (Date.now() - begun) / 1000, what: nameOf(answer), proper: isProper(answer) });
      await answer?.arrayBuffer().catch(() => undefined);
      await pause(EVERY_MS);
    }
  })();
  return {
    async end() {
      ending.abort();
      await watching;
      const others = answers.filter(({ what }) => what !== '200');
      const last = answers.findLastIndex(({ what }) => what !== '200');
      return {
        improper: [...new Set(others.filter(({ proper }) => !proper).map(({ what }) => what))],
        seen: [...new Set(others.map(({ what }) => what))],
        noticedAfter: others[0]?.after ?? null,
        goodAgainAfter: last < 0 ? 0 : (answers[last + 1]?.after ?? Number.POSITIVE_INFINITY),
      };
    },
  };
}

const nameOf = (answer: Response | null): string => (answer === null ? 'no connection' : String(answer.status));

const isProper = (answer: Response | null): boolean =>
  answer === null || answer.ok || (answer.status === 503 && answer.headers.has('retry-after'));
