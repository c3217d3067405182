/** What a party's configuration says to its activities. */
import type { PartySettings } from '../activities/party.ts';
import type { PartyConfiguration } from '../stack/configuration.ts';

export const toPartySettings = (config: PartyConfiguration): PartySettings => ({
  run: config,
  download: {
    maxBytes: config.downloadMaxBytes,
    stallSeconds: config.downloadStallSeconds,
    totalSeconds: config.downloadTotalSeconds,
  },
  allowPrivateAddresses: config.allowPrivateAddresses,
});
