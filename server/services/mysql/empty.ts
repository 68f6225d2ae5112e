import type { Session } from './connection.ts'

/** What a database may hold, by the words to drop it with; and where the server lists it. */
const contents = [
  ['EVENT', 'SELECT event_name FROM information_schema.events WHERE event_schema = '],
  ['VIEW', 'SELECT table_name FROM information_schema.views WHERE table_schema = '],
  [
    'TABLE',
    "SELECT table_name FROM information_schema.tables WHERE table_type NOT LIKE '%VIEW' AND table_schema = ",
  ],
  [
    'PROCEDURE',
    "SELECT routine_name FROM information_schema.routines WHERE routine_type = 'PROCEDURE' AND routine_schema = ",
  ],
  [
    'FUNCTION',
    "SELECT routine_name FROM information_schema.routines WHERE routine_type = 'FUNCTION' AND routine_schema = ",
  ],
] as const

/** Drops all that is in `database`, which itself stays: who is connected to it would have none otherwise. */
export async function empty(admin: Session, database: string): Promise<void> {
  await admin.run('SET foreign_key_checks = 0')
  for (const [what, list] of contents) {
    const { rows } = await admin.run(list + admin.value(database))
    for (const [name] of rows)
      await admin.run(`DROP ${what} IF EXISTS ${admin.name(database)}.${admin.name(name ?? '')}`)
  }
}
