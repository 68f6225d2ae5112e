/** A pushed tree as a buildpack sees it. */
export type SourceTree = {
  /** Path from the root -> size in bytes. */
  readonly files: ReadonlyMap<string, number>
  /** A small text file; undefined where there is none. Throws `UserError` where it is larger than 256 KiB. */
  read(path: string): Promise<string | undefined>
  /** The first 4 KiB of a file of any size; undefined where there is none. */
  readStart(path: string): Promise<string | undefined>
}

/** What the builder decides for a tree. */
export type BuildPlan = {
  /** A whole Dockerfile; its context is the tree. */
  readonly dockerfile: string
  /** What runs where no Procfile says so: process type -> command line; null: the image's own command. */
  readonly processes: Readonly<Record<string, string | null>>
  /** Lines for the pusher: what was recognised, chosen, guessed. */
  readonly notes: readonly string[]
  /** More lines for `.dockerignore`, such as `node_modules`. */
  readonly ignore?: readonly string[]
  /** Files that the context gets beside the tree's own, for the Dockerfile to copy; below `.paas/`. */
  readonly files?: readonly { readonly path: string; readonly content: string }[]
}

/** What a plan may depend on beside the tree. */
export type BuildSettings = {
  /** The app's config vars, and what app.json sets where they are not set. An `ARG` of the Dockerfile gets the value of the config var of its name. */
  readonly config: Readonly<Record<string, string>>
  /** Process type -> command line; undefined: there is no Procfile, and the buildpack guesses a start command. */
  readonly procfile: Readonly<Record<string, string>> | undefined
  /** For the `id` of cache mounts: what one app's build leaves in its cache, no other app's may meet. */
  readonly cacheKey: string
  /** The npm registry that the server itself asks; config vars choose what builds ask. */
  readonly npmRegistry: string
  /** Where official images are asked for, as their names begin: `docker.io` */
  readonly imageRegistry: string
  readonly signal: AbortSignal
}

/**
 * Recognises source and says how to build it, as a Dockerfile. A folder below `buildpacks/` with a `buildpack.ts`
 * that has one of these as its default export is found by being there.
 */
export type Buildpack = {
  /** As the pusher reads it: `Node.js` */
  readonly name: string
  /** Lower is asked first; the first that recognises the tree builds it. */
  readonly order: number
  /** The files it looks for, for the message where nothing fits: `package.json` */
  readonly looksFor: readonly string[]
  recognises(tree: SourceTree, config: BuildSettings['config']): boolean
  /** Throws `UserError` where the tree cannot be built: what is missing, what to type. */
  plan(tree: SourceTree, settings: BuildSettings): Promise<BuildPlan>
}
