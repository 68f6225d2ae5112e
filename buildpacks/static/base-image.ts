import type { BaseImage } from '../../scripts/base-image.ts'

/** nginx, with the modules that Debian's light one has. */
export default {
  tag: 'paas/nginx:1',
  revision: 1,
  user: 'nginx',
  packages: ['nginx-light'],
  changes: ['CMD ["nginx", "-g", "daemon off;"]'],
} satisfies BaseImage
