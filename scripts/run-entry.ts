import { PaasError } from '../server/errors.ts'
import { say } from './say.ts'

/** Runs `main` as a whole program: what it throws becomes lines for the person and an exit code. */
export async function runEntry(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    process.exitCode = error instanceof PaasError ? error.exitCode : 1
    say.trouble(error instanceof PaasError ? error.message : String((error as Error).stack))
    if (error instanceof PaasError && error.next) say.trouble(error.next)
  }
}
