/** What people bring from Dokku or Heroku and do otherwise here: command, or topic with `:*`, -> what to type instead. */
const hints: Readonly<Record<string, string>> = {
  'plugin:*': 'There are no plugins: a command, a buildpack or a hook is one file. All commands: help --all',
  'plugins:*': 'There are no plugins: a command, a buildpack or a hook is one file. All commands: help --all',
  'scheduler:*': 'Apps run in Docker: scale web=3',
  'scheduler-k3s:*': 'Apps run in Docker, not in Kubernetes: scale web=3',
  'scheduler-docker-local:*': 'Apps run in Docker as they are: scale web=3',
  'buildpacks:*': 'The pushed tree decides how it is built: commit a Dockerfile, then git push paas main',
  'buildpack:*': 'The pushed tree decides how it is built: commit a Dockerfile, then git push paas main',
  'builder:*': 'The pushed tree decides how it is built: commit a Dockerfile, then git push paas main',
  'builder-dockerfile:*': 'The Dockerfile at the root of the pushed tree is built: git push paas main',
  'nginx:*': 'The router is HAProxy and configures itself. Requests: logs -s router. Domains: domains',
  'proxy:*': 'Every app with a web process is routed. Port: ports:set 3000. Routes: routes',
  'network:*': 'Each app has a network of its own: apps:report',
  'docker-options:*': 'Say it in the Dockerfile; values for it: config:set KEY=VALUE',
  'letsencrypt:cron-job': 'Certificates are renewed without a cron job',
  'ports:clear': 'Back to the port by rule: ports:set auto',
  'config:edit': 'Export, edit, import: config:export --format envfile, then config:import - < FILE',
  'dyno:*': 'Processes are under ps: ps, ps:scale, ps:restart',
  'dynos:*': 'Processes are under ps: ps, ps:scale, ps:restart',
  'pg:*': 'There is no PostgreSQL here; give the address of yours: config:set DATABASE_URL=postgres://...',
  login: 'Your SSH key is your login: keys',
  'auth:*': 'Your SSH key is your login: keys',
  'git:initialize': 'The first push makes the repository: git push paas:APP main',
  'git:remote': 'On your own machine: git remote add paas paas:APP',
}

/** One line for a command that is not here by design. */
export function hintFor(word: string): string | undefined {
  const names = [word, `${word.split(':')[0]}:*`]
  const name = names.find((each) => Object.hasOwn(hints, each))
  return name === undefined ? undefined : hints[name]
}
