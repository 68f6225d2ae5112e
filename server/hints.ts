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
  'ports:add': 'An app listens on one port: ports:set 3000',
  'ports:remove': 'An app listens on one port; back to the rule: ports:set auto',
  'ports:clear': 'Back to the port by rule: ports:set auto',
  'config:edit': 'Export, edit, import: config:export --format envfile, then config:import - < FILE',
  'dyno:*': 'Processes are under ps: ps, ps:scale, ps:restart',
  'dynos:*': 'Processes are under ps: ps, ps:scale, ps:restart',
  'pg:*': 'There is no PostgreSQL here; give the address of yours: config:set DATABASE_URL=postgres://...',
  login: 'Your SSH key is your login: keys',
  'auth:*': 'Your SSH key is your login: keys',
  'redis:*': 'There is no Redis for apps here; give the address of yours: config:set REDIS_URL=redis://...',
  'postgres:*':
    'There is no PostgreSQL here; give the address of yours: config:set DATABASE_URL=postgres://...',
  'addons:*': 'Databases are made and linked by name: mysql:create NAME, mysql:link NAME APP',
  'caddy:*': 'The router is HAProxy and configures itself. Requests: logs -s router. Domains: domains',
  'haproxy:*': 'The router configures itself; what it does for an app: router, router:set',
  'openresty:*': 'The router is HAProxy and configures itself. Requests: logs -s router. Domains: domains',
  'traefik:*': 'The router is HAProxy and configures itself. Requests: logs -s router. Domains: domains',
  'registry:*':
    'Images are built and kept here. What they use: disk. How many are kept: releases:set keep 10',
  'repo:*': 'Repositories and caches clean themselves up; what can go now: cleanup --plan',
  'app-json:*': 'app.json is read at the root of the pushed tree, or of: builder:set build-dir DIR',
  'logs:failed': 'What failed builds and deploys printed: builds:output, releases:output; the reason: why',
  'ps:wait-to-retire': 'How long old containers serve on: checks:set wait-to-retire 60s',
  'ps:restore': 'Apps come back by themselves after a reboot; one that does not: why APP',
  'ps:retire': 'Old containers stop by themselves once their requests have ended',
  'ps:set': 'One property each: builder:set, git:set, releases:set, checks:set, router:set',
  'ps:resize': 'CPU and memory: resource:limit --memory 1g --process-type web',
  'ps:type': 'CPU and memory: resource:limit --memory 1g --process-type web',
  'pipelines:*': 'An app for each stage, and git push paas:STAGING main; a copy of one: apps:clone',
  'container:*': 'A Dockerfile in the pushed tree is built: git push paas main',
  'trace:*': 'Add --trace to a command',
  'members:*': 'Who may do what with an app: access, access:add USER, access:remove USER',
  'sharing:*': 'Who may do what with an app: access, access:add USER, access:remove USER',
  'nodes:*': 'There is one machine: nodes shows it',
  'storage:exec': 'A command in the app sees its volumes: run APP ls -la /path',
  'domains:add-global':
    'Every app answers below PAAS_DOMAIN of .env on the server; one more for an app: domains:add',
  'domains:set-global': 'The domain of all apps is PAAS_DOMAIN in .env on the server, then there: make up',
  'domains:remove-global': 'The domain of all apps is PAAS_DOMAIN in .env on the server, then there: make up',
  'domains:clear-global': 'The domain of all apps is PAAS_DOMAIN in .env on the server, then there: make up',
  'domains:report-global': 'The domain of all apps stands in: report',
  logout: 'Your SSH key is your login: keys',
  whoami: 'Your SSH key is your login: keys',
  'git:initialize': 'The first push makes the repository: git push paas:APP main',
  'git:remote': 'On your own machine: git remote add paas paas:APP',
}

/** One line for a command that is not here by design. */
export function hintFor(word: string): string | undefined {
  const names = [word, `${word.split(':')[0]}:*`]
  const name = names.find((each) => Object.hasOwn(hints, each))
  return name === undefined ? undefined : hints[name]
}
