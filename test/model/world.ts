/** What a release brings back: its page and its config vars. */
export type ModelRelease = {
  readonly page: string
  readonly config: Readonly<Record<string, string>>
}

/** An app as it should be, in as few words as say it. */
export type ModelApp = {
  config: Readonly<Record<string, string>>
  web: number
  readonly domains: Set<string>
  /** Oldest first; the last one serves. */
  readonly releases: ModelRelease[]
}

/** All apps that should be there. */
export type World = { readonly apps: Map<string, ModelApp> }

export const newApp = (): ModelApp => ({ config: {}, web: 1, domains: new Set(), releases: [] })

/** Changes an app's config as a command does: with a release it makes another one. */
export function configure(app: ModelApp, config: Readonly<Record<string, string>>): void {
  const serves = app.releases.at(-1)
  app.config = config
  if (serves) app.releases.push({ page: serves.page, config })
}

/** The newest earlier release that is not what serves now. */
export function rollbackTarget({ releases }: ModelApp): ModelRelease | undefined {
  const serves = JSON.stringify(plain(releases.at(-1)))
  return releases.findLast((release) => JSON.stringify(plain(release)) !== serves)
}

const plain = (release: ModelRelease | undefined): unknown =>
  release && [release.page, Object.entries(release.config).sort()]
