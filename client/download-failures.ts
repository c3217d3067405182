/** What can go wrong with a download, told apart: what a second attempt may mend, and what it cannot. */
import { StrongroomError } from '../domain/errors.ts';

/** The connection ended before the file did: the rest can be asked for. */
export class BrokenOff extends Error {
  readonly final: StrongroomError;

  constructor(url: string, why: string) {
    super(why);
    this.final = new StrongroomError('E_DOWNLOAD_STALLED', `${url} could not be fetched to its end.`, {
      why,
      next: 'Try again later, or host the file where it can be fetched.',
    });
  }
}

const MENDABLE = /^(UND_ERR_|ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|HPE_|ENETUNREACH|EHOSTUNREACH)/;

/** A `BrokenOff` for what another attempt may mend, a `StrongroomError` for what it cannot. */
export function toDownloadFailure(
  error: unknown,
  job: { readonly url: string; readonly limits: { readonly totalSeconds: number } },
  outOfTime: boolean,
): BrokenOff | StrongroomError {
  if (outOfTime) {
    return new StrongroomError('E_DOWNLOAD_STALLED', `${job.url} took longer than ${job.limits.totalSeconds} s.`, {
      next: 'Host the file where it can be fetched more quickly, or allow more time.',
    });
  }
  if (error instanceof BrokenOff || error instanceof StrongroomError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') {
    return new StrongroomError('E_NO_SPACE', 'There is no space left for the download.', { next: 'Free some space.' });
  }
  if (MENDABLE.test(code)) return new BrokenOff(job.url, message);
  return new StrongroomError('E_DOWNLOAD', `${job.url} could not be fetched.`, { why: message, cause: error });
}

/** For answers that are no file: not found, a log-in page, a server's trouble. */
export function unexpectedAnswer(url: string, status: number, headers: Record<string, unknown>): Error {
  if (status === 429 || status >= 500) return new BrokenOff(url, `The server answered ${status}.`);
  const type = typeof headers['content-type'] === 'string' ? ` (${headers['content-type']})` : '';
  return new StrongroomError('E_DOWNLOAD', `${url} answered ${status}${type} instead of the file.`, {
    next: 'Check that the address is a direct link and that the file is still there.',
  });
}
