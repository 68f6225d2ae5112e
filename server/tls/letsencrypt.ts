import { setTimeout as wait } from 'node:timers/promises'
import { publishInBackground } from '../deploy/publish-in-background.ts'
import { describe, InterruptedError, UserError } from '../errors.ts'
import type { Paas } from '../paas.ts'
import { hostNames } from '../routing.ts'
import type { App } from '../state/apps.ts'
import { newAccountKey, orderCertificate } from './acme.ts'
import { type CertificateFacts, certificateFacts } from './certificate-facts.ts'
import { DnsChallenges, writesDns } from './dns-challenges.ts'
import type { KeyPair } from './key-pair.ts'
import { isDue } from './renewals.ts'

const byRule = 'https://acme-v02.api.letsencrypt.org/directory'

/** Names that stand for a directory. */
export const authorities: Readonly<Record<string, string>> = {
  letsencrypt: byRule,
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
}

const lookMs = 10_000

/** URL of the directory of the certificate authority that is asked. */
export const directoryOf = ({ store }: Pick<Paas, 'store'>): string => store.acme.setting('server') ?? byRule

/**
 * The domains that an authority can be asked for: by HTTP-01 none that leads to the asker himself; wildcards by DNS-01,
 * where a hook writes what it asks for.
 */
export function publicHosts(paas: Pick<Paas, 'store' | 'settings'>, app: App): readonly string[] {
  const isProved = (host: string): boolean => !host.startsWith('*.') || writesDns(paas)
  return hostNames(paas, app).filter((host) => isProved(host) && !/(^|\.)localhost$/.test(host))
}

export type ObtainOptions = {
  readonly signal: AbortSignal
  /** True: from now on it is renewed; false: it is renewed, unless somebody has turned that off in the meantime. */
  readonly begin: boolean
}

/**
 * Gets a certificate for all public domains of the app and returns when every router serves it. Throws `UserError`
 * where the app has none or the authority refuses, `UnavailableError` where a part or the authority is down.
 */
export async function obtainCertificate(paas: Paas, app: App, options: ObtainOptions): Promise<void> {
  const { store, challenges } = paas
  const { signal, begin } = options
  const hosts = publicHosts(paas, app)
  if (hosts.length === 0)
    throw new UserError(`${app.name} has no domain that a certificate authority can reach`, {
      next: `domains:add ${app.name} www.example.com`,
    })
  using _turn = await paas.renewals.turns.hold(app.id, {
    who: 'paas',
    what: 'certificate',
    onWait: () => {},
    signal,
  })
  await paas.routes.assertReady(signal)
  const pair = await ordered(paas, app, { hosts, signal })
  if (!store.apps.exists(app.id) || (!begin && !store.routeSettings.of(app.id).letsencrypt)) return
  store.transaction(() => {
    store.routeSettings.set(app.id, 'letsencrypt', true)
    store.certificates.replace(app.id, 'letsencrypt', pair)
  })
  paas.renewals.succeeded(app.id)
  paas.certificateFiles.write(pair)
  challenges.clear(app.id)
  await paas.routes.publish(app.id)
  paas.certificateFiles.prune()
  paas.events.record({
    type: 'certificate-obtained',
    app,
    who: 'paas',
    message: `${app.name} has a certificate for ${hosts.join(', ')}`,
  })
}

async function ordered(
  paas: Paas,
  app: App,
  { hosts, signal }: { hosts: readonly string[]; signal: AbortSignal },
): Promise<KeyPair> {
  const directory = directoryOf(paas)
  await using dns = new DnsChallenges(paas, app, signal)
  try {
    return await orderCertificate({
      directory,
      accountKey: await accountKey(paas, directory),
      email: paas.store.acme.setting('email'),
      hosts,
      serve: async (token, answer) => {
        if (signal.aborted) throw new InterruptedError()
        paas.challenges.add(app.id, token, answer)
        await paas.routes.publish(app.id)
      },
      writeDns: (host, value) => dns.write(host, value),
      signal,
    })
  } catch (error) {
    if (paas.challenges.clear(app.id)) publishInBackground(paas, app.id)
    throw error
  }
}

/** Obtains what is due for the apps that want it, as long as the server runs. What fails is tried again, ever later. */
export async function renewCertificates(paas: Paas): Promise<void> {
  while (!paas.closing.aborted) {
    for (const app of paas.store.apps.list()) {
      if (paas.closing.aborted) return
      if (!isWanted(paas, app)) continue
      await obtainCertificate(paas, app, { signal: paas.closing, begin: false }).catch((error: unknown) =>
        tell(paas, app, error),
      )
    }
    await wait(lookMs, undefined, { signal: paas.closing }).catch(() => {})
  }
}

function isWanted(paas: Paas, app: App): boolean {
  if (app.destroying || !paas.store.routeSettings.of(app.id).letsencrypt) return false
  // Somebody asks for it already.
  if (paas.renewals.turns.holder(app.id)) return false
  const failure = paas.renewals.failureOf(app.id, publicHosts(paas, app))
  if (failure && Date.now() < failure.nextAt) return false
  return isRenewalDue(paas, app)
}

/** Whether the app's certificate, as an authority made it, has to be made again. */
export function isRenewalDue(paas: Paas, app: App): boolean {
  const hosts = publicHosts(paas, app)
  return hosts.length > 0 && isDue(automaticFacts(paas, app), hosts, Date.now())
}

function automaticFacts(paas: Paas, app: App): CertificateFacts | undefined {
  const certificate = paas.store.certificates.of(app.id)
  return certificate?.source === 'letsencrypt' ? certificateFacts(certificate.chain) : undefined
}

function tell(paas: Paas, app: App, error: unknown): void {
  if (paas.closing.aborted) return
  paas.renewals.failed(app.id, publicHosts(paas, app), error)
  paas.log(`Certificate of ${app.name}: ${describe(error)}`)
  paas.events.record({
    type: 'certificate-failed',
    app,
    who: 'paas',
    message: `No new certificate for ${app.name}: ${describe(error)}`,
  })
}

async function accountKey({ store }: Paas, directory: string): Promise<string> {
  const known = store.acme.accountKey(directory)
  if (known !== undefined) return known
  const key = await newAccountKey()
  // Another app's order may have made it in the meantime.
  return store.transaction(() => {
    const first = store.acme.accountKey(directory)
    if (first === undefined) store.acme.addAccount(directory, key)
    return first ?? key
  })
}
