import { expect, test } from 'vitest'
import { UserError } from '../../server/errors.ts'
import { appNameOf } from '../../server/git/repository-path.ts'

test.each(['blog', '/blog', 'blog.git', '/blog.git', "'blog.git'", "'/blog'"])(
  '%s is the app blog',
  (path) => {
    expect(appNameOf(path)).toBe('blog')
  },
)

test.each([
  '',
  '/',
  '..',
  '../blog',
  '/../blog',
  'blog/..',
  'a/b',
  '//blog',
  '-blog',
  '--upload-pack=x',
  'Blog',
  'blög',
  'blog\n',
  'blog.git.git',
  '.git',
  '~/blog',
  "blog'; touch x; '",
  '$(id)',
  'a'.repeat(32),
  "'blog",
  'blog\0',
])('%j is refused', (path) => {
  expect(() => appNameOf(path)).toThrow(UserError)
})
