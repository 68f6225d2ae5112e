import type { Right } from './command.ts'

/** Who may run a command, by the right that it declares. */
export const whoMay: Readonly<Record<Right, string>> = {
  anyone: 'whoever has a key',
  create: 'whoever has a key',
  view: 'viewers of the app',
  develop: 'developers of the app',
  own: 'admins of the app',
  admin: 'admins of the server',
}
