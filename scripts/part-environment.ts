import type { Settings } from '../server/settings.ts'

/** The settings as the environment that `readSettings` reads them from. */
export function serverEnvironment(settings: Settings): Record<string, string> {
  return {
    ...routerEnvironment(settings),
    DOCKER_HOST: settings.dockerHost,
    PAAS_SSH_HOST: settings.sshHost,
    PAAS_SSH_PORT: `${settings.sshPort}`,
    PAAS_API_HOST: settings.apiHost,
    // Set even when empty, so that a `.env` cannot bring them back.
    PAAS_API_PORT: `${settings.apiPort ?? ''}`,
    PAAS_ADMIN_KEY: settings.adminKey ?? '',
    MYSQL_URL: settings.mysqlUrl ?? '',
    PAAS_MYSQL_IMAGE: settings.mysqlImage ?? '',
    NPM_CONFIG_REGISTRY: settings.npmRegistry,
    PAAS_IMAGE_REGISTRY: settings.imageRegistry,
  }
}

/** Those of them that the router may know: nothing of Docker, the database or the admin. */
export function routerEnvironment(settings: Settings): Record<string, string> {
  return {
    PAAS_HOME: settings.home,
    PAAS_DOMAIN: settings.domain,
    PAAS_HTTP_HOST: settings.httpHost,
    PAAS_HTTP_PORT: `${settings.httpPort}`,
    PAAS_HTTPS_PORT: `${settings.httpsPort}`,
    PAAS_TRUSTED_PROXIES: settings.trustedProxies.join(),
    PAAS_PROXY_PROTOCOL: settings.proxyProtocol ? 'on' : 'off',
    PAAS_METRICS_PORT: `${settings.metricsPort ?? ''}`,
    PAAS_ROUTER_USER: settings.routerUser,
    REDIS_URL: settings.redisUrl ?? '',
  }
}
