import type { Session } from './connection.ts'

/**
 * The procedures and functions of `database` as SQL for a client. mariadb-dump cannot do it: only an administrator
 * sees the text of what another user of the database has defined.
 */
export async function routines(admin: Session, database: string): Promise<string> {
  const list = await admin.run(
    `SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = ${admin.value(database)} AND routine_type IN ('PROCEDURE', 'FUNCTION') ORDER BY routine_name`,
  )
  const statements: string[] = []
  for (const [type, name] of list.rows) {
    if (!type || !name) continue
    const shown = await admin.run(`SHOW CREATE ${type} ${admin.name(database)}.${admin.name(name)}`)
    const [, mode, text] = shown.rows[0] ?? []
    if (!text) continue
    statements.push(
      `DROP ${type} IF EXISTS ${admin.name(name)};`,
      `SET @old_sql_mode = @@sql_mode, sql_mode = ${admin.value(mode ?? '')};`,
      'DELIMITER ;;',
      `${text} ;;`,
      'DELIMITER ;',
      'SET sql_mode = @old_sql_mode;',
    )
  }
  return statements.length === 0 ? '' : `${statements.join('\n')}\n`
}
