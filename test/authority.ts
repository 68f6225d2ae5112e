import { Resolver } from 'node:dns/promises'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { selfSigned } from '../server/tls/self-signed.ts'
import { freePorts } from './free-port.ts'
import { until } from './instance.ts'

/**
 * A certificate authority of a test's own: the real pebble, for which every name leads to this machine. It makes no
 * certificate for refused.example.
 */
export type Authority = AsyncDisposable & {
  /** URL of its directory. */
  readonly directory: string
  /** PEM file that whoever speaks to it has to trust. */
  readonly trust: string
  /** Where its name server takes records: `/set-txt` and `/clear-txt` of pebble-challtestsrv. */
  readonly records: string
  /** The values of the TXT records of `name`. */
  txt(name: string): Promise<readonly string[]>
  /** It asks each name on `httpPort`, where the real ones ask on 80. */
  start(httpPort: number): Promise<void>
}

/** Makes one that `start` starts. */
export async function makeAuthority(): Promise<Authority> {
  const folder = mkdtempSync(join(tmpdir(), 'paas-authority-'))
  const [port, dnsPort, recordsPort] = await freePorts()
  const resolver = new Resolver({ timeout: 2_000 })
  resolver.setServers([`127.0.0.1:${dnsPort}`])
  const at = (name: string): string => join(folder, name)
  const { chain, privateKey } = await selfSigned(['localhost'], 10)
  writeFileSync(at('cert.pem'), chain)
  writeFileSync(at('key.pem'), privateKey)
  const directory = `https://localhost:${port}/dir`
  const ended = new AbortController()
  const run = (command: string, words: readonly string[]): void => {
    const child = execa(command, words, {
      cancelSignal: ended.signal,
      reject: false,
      env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '5', PEBBLE_AUTHZREUSE: '0' },
      stdout: { file: at(`${command}.log`) },
      stderr: { file: at(`${command}.errors`) },
    })
    child.catch(() => {})
  }
  return {
    directory,
    trust: at('cert.pem'),
    records: `http://127.0.0.1:${recordsPort}`,
    txt: async (name) => (await resolver.resolveTxt(name).catch(nothing)).flat(),
    async start(httpPort) {
      const none = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', '']
      run('pebble-challtestsrv', [
        '-dns01',
        `127.0.0.1:${dnsPort}`,
        '-management',
        `127.0.0.1:${recordsPort}`,
        ...none,
      ])
      const pebble = {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: '',
        certificate: at('cert.pem'),
        privateKey: at('key.pem'),
        httpPort,
        tlsPort: httpPort,
        ocspResponderURL: '',
        externalAccountBindingRequired: false,
        domainBlocklist: ['refused.example'],
      }
      writeFileSync(at('config.json'), JSON.stringify({ pebble }))
      run('pebble', ['-config', at('config.json'), '-dnsserver', `127.0.0.1:${dnsPort}`, '-strict'])
      await until('the authority answers', () => answers(directory, readFileSync(at('cert.pem'), 'utf8')))
    },
    async [Symbol.asyncDispose]() {
      ended.abort()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function nothing(error: NodeJS.ErrnoException): string[][] {
  if (error.code === 'ENODATA' || error.code === 'ENOTFOUND') return []
  throw error
}

function answers(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { ca }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    }).on('error', () => resolve(false))
  })
}
