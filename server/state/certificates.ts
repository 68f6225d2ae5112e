import type { KeyPair } from '../tls/key-pair.ts'
import type { Cipher } from './cipher.ts'
import type { Database, Row } from './database.ts'

export type CertificateSource = 'added' | 'generated' | 'letsencrypt'

/** An app's certificate without its key. */
export type StoredCertificate = {
  readonly appId: string
  readonly source: CertificateSource
  /** PEM, the app's own first. */
  readonly chain: string
}

/** One certificate an app; keys are sealed. */
export class Certificates {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  of(appId: string): StoredCertificate | undefined {
    const row = this.#database.get('SELECT * FROM certificate WHERE app_id = ?', appId)
    return row && toStored(row)
  }

  list(): readonly StoredCertificate[] {
    return this.#database.all('SELECT * FROM certificate ORDER BY app_id').map(toStored)
  }

  /** With its key; undefined where the app has none. */
  open(appId: string): KeyPair | undefined {
    const row = this.#database.get('SELECT chain, private_key FROM certificate WHERE app_id = ?', appId)
    if (!row) return undefined
    const privateKey = this.#cipher.open(row.private_key as Uint8Array, `certificate/${appId}`)
    return { chain: String(row.chain), privateKey }
  }

  replace(appId: string, source: CertificateSource, { chain, privateKey }: KeyPair): void {
    this.#database.run(
      'INSERT OR REPLACE INTO certificate (app_id, source, chain, private_key) VALUES (?, ?, ?, ?)',
      appId,
      source,
      chain,
      this.#cipher.seal(privateKey, `certificate/${appId}`),
    )
  }

  remove(appId: string): void {
    this.#database.run('DELETE FROM certificate WHERE app_id = ?', appId)
  }
}

const toStored = (row: Row): StoredCertificate => ({
  appId: String(row.app_id),
  source: row.source as CertificateSource,
  chain: String(row.chain),
})
