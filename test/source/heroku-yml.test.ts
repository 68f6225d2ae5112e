import { expect, test } from 'vitest'
import { readHerokuYml } from '../../server/source/heroku-yml.ts'

test('what maps is the Dockerfile, the processes and the release command', () => {
  expect(
    readHerokuYml(`# as Heroku's own example has it
build:
  docker:
    web: ./Dockerfile.web
run:
  web: bundle exec puma -C config/puma.rb
  worker:
    command:
      - bundle exec sidekiq
    image: web
release:
  command:
    - rake db:migrate
`),
  ).toEqual({
    dockerfile: 'Dockerfile.web',
    processes: {
      web: 'bundle exec puma -C config/puma.rb',
      worker: 'bundle exec sidekiq',
      release: 'rake db:migrate',
    },
    notes: [],
  })
})

test('several commands run one after the other, as long as each goes well', () => {
  const { processes } = readHerokuYml(
    "release:\n  command:\n    - rake db:migrate\n    - echo 'it is done'\n",
  )
  expect(processes.release).toBe(`/bin/sh -c 'rake db:migrate && echo '\\''it is done'\\'''`)
})

test('what does not map is named, each with the reason', () => {
  const { dockerfile, notes } = readHerokuYml(`
setup:
  addons:
    - plan: heroku-postgresql
build:
  docker:
    web:
      dockerfile: docker/Dockerfile
      target: production
    worker: worker/Dockerfile
  config:
    RAILS_ENV: production
run:
  worker:
    command: [ python worker.py ]
    image: worker
colour: red
`)
  expect(dockerfile).toBe('docker/Dockerfile')
  expect(notes.map((note) => note.replace(/^heroku\.yml: (.*) is ignored: .+$/, '$1'))).toEqual([
    'setup',
    'colour',
    'build.config',
    'build.docker.worker',
    'build.docker.web.target',
    'the folder of build.docker.web',
    'run.worker.image',
  ])
})

test('an empty file says nothing', () => {
  expect(readHerokuYml('')).toEqual({ dockerfile: undefined, processes: {}, notes: [] })
  expect(readHerokuYml('run:\n')).toEqual({ dockerfile: undefined, processes: {}, notes: [] })
})

const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${[...'bcdefgh']
  .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[index]}`).join(', ')}]`)
  .join('\n')}\n`

test.each([
  ['- a list\n', 'it is not a mapping'],
  ['build: [1]\n', 'build is not a mapping'],
  ['build:\n  docker:\n    web: 7\n', 'build.docker.web is no path of a Dockerfile'],
  ['run:\n  web: ""\n', 'run.web is no command of one line'],
  ['run:\n  web: |\n    one\n    two\n', 'run.web is no command of one line'],
  ['run:\n  "a b": ls\n', '"a b" in run cannot be a process type'],
  ['run:\n  web: "not closed\n', 'line '],
  ['run:\n\tweb: tabs\n', 'line 2'],
  [bomb, ''],
])('%j is refused, and says where', (text, words) => {
  expect(() => readHerokuYml(text)).toThrow(`heroku.yml cannot be read: ${words}`)
})
