/** What the activities of a party's agent work with. */
import { createAddressPolicy } from '../client/address-policy.ts';
import { download, type DownloadLimits } from '../client/download.ts';
import type { PartyHome, Session } from '../client/party-home.ts';
import { createPlatformClient, type PlatformClient } from '../client/platform.ts';
import type { RunLimits } from '../containers/run-limits.ts';
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

/** Fetches a file that someone else named, within the party's limits and from the addresses that it allows. */
export async function fetchFile(
  party: Party,
  { session, platform }: SignedIn,
  wanted: Wanted,
  target: string,
  at: AtWork,
) {
  const { url, sha256, size } = wanted;
  return download({
    url,
    target,
    expected: { sha256, ...(size !== undefined && { size }) },
    limits: party.settings.download,
    policy: createAddressPolicy({
      allowPrivateAddresses: party.settings.allowPrivateAddresses,
      platformOrigin: new URL(session.apiUrl).origin,
    }),
    headersFor: (hop) => platform.headersFor(hop),
    ...at,
  });
}
