import type { Cipher } from './cipher.ts'
import type { Database, Row } from './database.ts'

/** A service's way in for clients outside of this machine: a user of its own, which works from `source` alone. */
export type Exposure = {
  readonly serviceId: string
  /** Only what is `ready` is open; the other two are undone or finished at the next occasion. */
  readonly state: 'creating' | 'ready' | 'removing'
  /** An IPv4 network: `203.0.113.0/24`; everywhere is `0.0.0.0/0`. */
  readonly source: string
  /** Another one each time: one that is still on its way out is never taken for it. */
  readonly user: string
  readonly password: string
}

/** Which services are open to the outside, with their users' passwords sealed. */
export class Exposures {
  readonly #database: Database
  readonly #cipher: Cipher

  constructor(database: Database, cipher: Cipher) {
    this.#database = database
    this.#cipher = cipher
  }

  add({ serviceId, state, source, user, password }: Exposure): void {
    this.#database.run(
      'INSERT INTO service_exposure (service_id, state, source, user, password) VALUES (?, ?, ?, ?, ?)',
      serviceId,
      state,
      source,
      user,
      this.#cipher.seal(password, `exposure/${serviceId}`),
    )
  }

  of(serviceId: string): Exposure | undefined {
    return this.#database
      .all('SELECT * FROM service_exposure WHERE service_id = ?', serviceId)
      .map(this.#toExposure)[0]
  }

  all(): readonly Exposure[] {
    return this.#database.all('SELECT * FROM service_exposure ORDER BY service_id').map(this.#toExposure)
  }

  setState(serviceId: string, state: Exposure['state']): void {
    this.#database.run('UPDATE service_exposure SET state = ? WHERE service_id = ?', state, serviceId)
  }

  delete({ user }: Exposure): void {
    this.#database.run('DELETE FROM service_exposure WHERE user = ?', user)
  }

  readonly #toExposure = (row: Row): Exposure => {
    const serviceId = String(row.service_id)
    return {
      serviceId,
      state: row.state as Exposure['state'],
      source: String(row.source),
      user: String(row.user),
      password: this.#cipher.open(row.password as Uint8Array, `exposure/${serviceId}`),
    }
  }
}
