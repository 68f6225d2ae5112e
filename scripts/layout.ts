import { join } from 'node:path'

export type Layout = ReturnType<typeof layout>

/** Where everything lies in an instance's folder. */
export function layout(home: string) {
  const at = (...names: string[]): string => join(home, ...names)
  return {
    home,
    run: at('run'),
    logs: at('logs'),
    redis: at('redis'),
    mysql: at('mysql'),
    /** What MariaDB of this machine has stored; from an image it is in the other. */
    mysqlData: at('mysql', 'data'),
    mysqlImageData: at('mysql', 'image', 'data'),
    /** The port that it took at its first start, and keeps. */
    mysqlPort: at('mysql', 'port'),
    router: at('router'),
    ssh: at('ssh'),
    repositories: at('repositories'),
    hooks: at('hooks'),
    /** Where the router sees the checkout when its own user cannot reach it. */
    code: at('code'),
    redisSocket: at('run', 'redis.sock'),
    mysqlSocket: at('run', 'mysqld.sock'),
    /** Name of the nftables table that closes MariaDB's port. */
    mysqlTable: at('run', 'mysql.nft'),
    adminKey: at('admin_key'),
    adminPublicKey: at('ssh', 'admin.pub'),
    hostPublicKey: at('ssh', 'host_key.pub'),
    knownHosts: at('known_hosts'),
    sshConfig: at('ssh_config'),
    pidFile: (part: string): string => at('run', `${part}.pid`),
    supervisorPidFile: (part: string): string => at('run', `${part}.supervisor.pid`),
    commandFile: (part: string): string => at('run', `${part}.command`),
    log: (part: string): string => at('logs', `${part}.log`),
  }
}
