/** What the activities of a party's agent work with. */
import { createAddressPolicy } from '../client/address-policy.ts';
import { download, type DownloadLimits } from '../client/download.ts';
import type { PartyHome, Session } from '../client/party-home.ts';
import { createPlatformClient, type PlatformClient } from '../client/platform.ts';
import type { RunLimits } from '../containers/run-limits.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import type { AtWork } from './at-work.ts';

export interface PartySettings {
  readonly run: RunLimits;
  readonly download: DownloadLimits;
  readonly allowPrivateAddresses: boolean;
}

export interface Party {
  readonly home: PartyHome;
  readonly settings: PartySettings;
}

export interface SignedIn {
  readonly session: Session;
  readonly platform: PlatformClient;
}

/** The session is read anew each time: a person may log in again while the agent runs. Fails with `E_SIGNED_OUT`. */
export async function signedIn({ home }: Party): Promise<SignedIn> {
  const session = await home.requireSession();
  return { session, platform: createPlatformClient({ baseUrl: session.apiUrl, token: session.token }) };
}

interface Wanted {
  readonly url: string;
  readonly sha256: Sha256 | null;
  readonly size?: number;
}

/**
 * Fetches a file that someone else named, within the party's limits and from the addresses that it allows. The platform
 * is waited for (`E_UNAVAILABLE` lets the activity try again); another host that stalls again and again is given up.
 */
export async function fetchFile(
  party: Party,
  { session, platform }: SignedIn,
  wanted: Wanted,
  target: string,
  at: AtWork,
) {
  const { url, sha256, size } = wanted;
  const platformOrigin = new URL(session.apiUrl).origin;
  return download({
    url,
    target,
    expected: { sha256, ...(size !== undefined && { size }) },
    limits: party.settings.download,
    policy: createAddressPolicy({
      allowPrivateAddresses: party.settings.allowPrivateAddresses,
      platformOrigin,
    }),
    headersFor: (hop) => platform.headersFor(hop),
    ...at,
  }).catch((error: unknown) => {
    const stalled = error instanceof StrongroomError && error.code === 'E_DOWNLOAD_STALLED';
    if (!stalled || new URL(url).origin !== platformOrigin) throw error;
    throw new StrongroomError('E_UNAVAILABLE', error.message, { why: error.why, cause: error });
  });
}
