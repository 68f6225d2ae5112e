import { join } from 'node:path'
import { InterruptedError, UserError } from '../errors.ts'
import { executablesIn, runHook } from '../executables.ts'
import type { Paas } from '../paas.ts'
import type { App } from '../state/apps.ts'

const step = 'dns-challenge'
const hookTimeoutMs = 5 * 60_000

/** A TXT record that a certificate authority asks for. */
type TxtRecord = {
  /** With a final dot: `_acme-challenge.example.com.` */
  readonly name: string
  readonly value: string
}

const hooksOf = ({ settings }: Pick<Paas, 'settings'>): readonly string[] =>
  executablesIn(join(settings.home, 'hooks', step))

/** Whether an operator's hook writes records into DNS, so that wildcards can be proved. */
export const writesDns = (paas: Pick<Paas, 'settings'>): boolean => hooksOf(paas).length > 0

/** The TXT records of one order, which are taken away again at its end whatever becomes of it. */
export class DnsChallenges implements AsyncDisposable {
  readonly #paas: Paas
  readonly #app: App
  readonly #signal: AbortSignal
  readonly #written: TxtRecord[] = []
  // Few programs that change a zone bear a second one beside them.
  #turn: Promise<void> = Promise.resolve()

  constructor(paas: Paas, app: App, signal: AbortSignal) {
    this.#paas = paas
    this.#app = app
    this.#signal = signal
  }

  /** Returns when the hooks have made the record, and say that the authority finds it. Throws `UserError`. */
  async write(host: string, value: string): Promise<void> {
    const record = { name: `_acme-challenge.${host}.`, value }
    await this.#inTurn(async () => {
      if (this.#signal.aborted) throw new InterruptedError()
      // Also one that failed half-way is taken away.
      this.#written.push(record)
      await this.#run('present', record, this.#signal)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inTurn(async () => {
      for (const record of this.#written.splice(0)) {
        await this.#run('cleanup', record, this.#paas.closing).catch((error: Error) =>
          this.#paas.log(`The record ${record.name} ${record.value} is left in DNS: ${error.message}`),
        )
      }
    })
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => {})
    await mine
  }

  /** Words and order as lego's `exec` provider has them (https://go-acme.github.io/lego/dns/exec/). */
  async #run(
    action: 'present' | 'cleanup',
    { name, value }: TxtRecord,
    cancelSignal: AbortSignal,
  ): Promise<void> {
    for (const hook of hooksOf(this.#paas)) {
      const { failed, isCanceled, timedOut, exitCode, lastLine } = await runHook(hook, {
        words: [action, name, value],
        environment: { PAAS_APP: this.#app.name, PAAS_APP_ID: this.#app.id },
        timeoutMs: hookTimeoutMs,
        cancelSignal,
      })
      if (isCanceled) throw new InterruptedError()
      if (!failed) continue
      const end = timedOut
        ? `did not end within ${hookTimeoutMs / 60_000} minutes`
        : `failed (exit code ${exitCode ?? 'none'})`
      throw new UserError(
        `The server's hook ${step}/${hook.split('/').at(-1)} ${end}${lastLine ? `: ${lastLine}` : ''}`,
        { next: `An admin of the server can try it: ${hook} ${action} ${name} ${value}` },
      )
    }
  }
}
