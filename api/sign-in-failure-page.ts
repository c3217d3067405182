/** What a person sees whose sign-in by the provider failed. */
import type { StrongroomError } from '../domain/errors.ts';
import { escapeHtml, makePage, PAGE_STYLE, type Page } from './page.ts';

/** `path` is the page where it can be begun again. */
export const signInFailurePage = ({ message, why, next }: StrongroomError, path: string): Page =>
  makePage({
    title: 'Strongroom: not signed in',
    style: PAGE_STYLE,
    body: `<h1>Not signed in</h1>
  ${[message, why, next].map((text) => (text ? `<p>${escapeHtml(text)}</p>` : '')).join('\n  ')}
  <p><a href="${escapeHtml(path)}">Back to the page</a></p>`,
    script: '',
  });
