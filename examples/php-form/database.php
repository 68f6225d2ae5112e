<?php

declare(strict_types=1);

/** The linked database, by its config vars. */
function database(): PDO
{
    $at = sprintf('mysql:host=%s;port=%s;dbname=%s;charset=utf8mb4', getenv('DB_HOST'), getenv('DB_PORT'), getenv('DB_NAME'));

    return new PDO($at, getenv('DB_USER'), getenv('DB_PASSWORD'), [PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC]);
}
