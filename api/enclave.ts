/** The enclave as the API knows it: it asks the attestor and the key broker, and passes sessions on. It holds no key. */
import { WebSocket } from 'ws';
import { enclavePlaces } from '../stack/enclave-places.ts';
import { askLocally } from '../stack/local-service.ts';
import type { FunctionId, Handle, Sha256 } from '../domain/ids.ts';
import { MOST } from '../domain/function.ts';

export interface Measurements {
  readonly runnerImage: Sha256;
  readonly sandbox: Sha256;
}

export interface EnclaveDescription {
  /** PEM. */
  readonly root: string;
  readonly runner: Measurements;
  readonly broker: Measurements;
}

export interface SessionRequest {
  readonly functionId: FunctionId;
  readonly caller: Handle;
  readonly tokenId: string;
  /** In base64url. */
  readonly nonce: string;
}

export interface AttestedUserKey {
  /** The attestation document for the key, in base64url. */
  readonly document: string;
  readonly keyId: Sha256;
}

export interface UserKeyRequest {
  readonly user: Handle;
  /** The how-manieth key of the user. */
  readonly generation: number;
  /** In base64url. */
  readonly nonce: string;
}

export interface Enclave {
  describe(): Promise<EnclaveDescription>;
  attestUserKey(request: UserKeyRequest): Promise<AttestedUserKey>;
  /** Ends the runners of a function. */
  forget(id: FunctionId): Promise<void>;
  /** The enclave's end of a session; it opens or fails as WebSockets do. */
  openSession(request: SessionRequest): WebSocket;
}

/** The enclave whose sockets lie below `dataFolder`. Each question fails with `E_UNAVAILABLE` while it is away. */
export function connectEnclave(dataFolder: string): Enclave {
  const { attestorSocket, brokerSocket, enclaveSocket } = enclavePlaces(dataFolder);
  return {
    describe: async () => (await askLocally(attestorSocket, 'describe', {})) as EnclaveDescription,
    attestUserKey: async (request) => (await askLocally(brokerSocket, 'user-key', request)) as AttestedUserKey,
    forget: async (id) => {
      await askLocally(enclaveSocket, 'forget', { function: id });
    },
    openSession: ({ functionId, caller, tokenId, nonce }) => {
      const asked = new URLSearchParams({ function: functionId, caller, token: tokenId, nonce });
      return new WebSocket(`ws+unix:${enclaveSocket}:/session?${asked.toString()}`, {
        perMessageDeflate: false,
        maxPayload: MOST_FRAME_BYTES,
        // Masks are there for the sake of proxies, of which a local socket has none; both ends skip a mask of zeros.
        generateMask: (mask) => mask.fill(0),
      });
    },
  };
}

/** The largest input or output, padded and sealed. */
export const MOST_FRAME_BYTES = Math.ceil(MOST.inputBytes * 1.25);
