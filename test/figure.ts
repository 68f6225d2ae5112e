/** What an attack has measured, for the table of `make security`. */
export type Figure = { readonly measured: string; readonly holds?: boolean }

declare module 'vitest' {
  interface TaskMeta {
    figure?: Figure
  }
}

/** How many times as many tries `make security` makes as `make test` does. */
export const attackFactor = Number(process.env.ATTACK_FACTOR ?? '1')
