/** The library as the command line uses it: for who is logged in, with the trust that this party's folder keeps. */
import type { EnclaveTrust, Strongroom } from '../client/strongroom.ts';
import type { TrustStore } from '../client/functions/trust.ts';
import type { Context } from './context.ts';

/** Whoever is believed from now on is named, so that it can be compared with what the operator says. */
export async function connectStrongroom(context: Context): Promise<Strongroom> {
  const strongroom = await openStrongroom(context);
  await enclaveTrust(context, strongroom);
  return strongroom;
}

/** Believes nobody yet. */
export async function openStrongroom(context: Context): Promise<Strongroom> {
  const { Strongroom: Library } = await import('../client/strongroom.ts');
  const { apiUrl, token } = await context.session();
  return new Library({ apiUrl, token, trust: { file: await trustFile(context) } });
}

/** What this party's folder keeps. */
export async function trustStore(context: Context): Promise<TrustStore> {
  const { TrustStore: Store } = await import('../client/functions/trust.ts');
  return new Store(await trustFile(context));
}

export async function enclaveTrust(context: Context, strongroom: Strongroom): Promise<EnclaveTrust> {
  const { trustFingerprint } = await import('../client/strongroom.ts');
  const known = await (await trustStore(context)).enclave();
  const trust = known ?? (await strongroom.trust());
  if (!known) {
    context.output.note(
      `The enclave of this platform is believed from now on, as ${trustFingerprint(trust)}.\n` +
        'Its operator can tell you whether that is right; a change will be refused.',
    );
  }
  return trust;
}

async function trustFile(context: Context): Promise<string> {
  return (await context.home()).enclaveTrustFile(await context.session());
}
