/** A browser as far as signing in needs one: it follows redirects, and keeps the cookies of each host. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Browser {
  /** Follows redirects to their end, or to before the first address that `stopAt` says. */
  open(url: string, stopAt?: (url: string) => boolean): Promise<Page>;
  post(url: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Page>;
  /** The cookies of a host, by name. */
  cookies(url: string): Map<string, string>;
}

const MOST_REDIRECTS = 20;

export function openBrowser(): Browser {
  // By host and port, which is stricter than browsers are: no test may hang on a cookie of another server.
  const jar = new Map<string, Map<string, string>>();
  const cookies = (url: string) => {
    const { host } = new URL(url);
    const kept = jar.get(host) ?? new Map<string, string>();
    jar.set(host, kept);
    return kept;
  };
  const ask = async (url: string, init: RequestInit, sent: Record<string, string> = {}): Promise<Response> => {
    const cookie = [...cookies(url)].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', ...init, headers: { ...sent, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...rest] = line.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(name.length + 1);
      const isOver = rest.some(
        (part) => part === 'Max-Age=0' || part.toLowerCase().startsWith('expires=thu, 01 jan 1970'),
      );
      if (isOver) cookies(url).delete(name);
      else cookies(url).set(name, value);
    }
    return response;
  };
  const toPage = async (url: string, response: Response): Promise<Page> => ({
    url,
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  });
  return {
    cookies,
    async open(first, stopAt = () => false) {
      let url = first;
      for (let redirects = 0; redirects < MOST_REDIRECTS; redirects += 1) {
        const response = await ask(url, {});
        const location = response.headers.get('location');
        const next = location === null ? null : new URL(location, url).href;
        if (next === null || stopAt(next)) return toPage(next ?? url, response);
        await response.arrayBuffer();
        url = next;
      }
      throw new Error(`Too many redirects, at last to ${url}.`);
    },
    async post(url, body, headers = {}) {
      const type = body && { 'content-type': 'application/json' };
      const content = body && { body: JSON.stringify(body) };
      return toPage(url, await ask(url, { method: 'POST', ...content }, { ...type, ...headers }));
    },
  };
}
