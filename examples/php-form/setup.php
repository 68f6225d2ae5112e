<?php

declare(strict_types=1);

require __DIR__ . '/database.php';

database()->exec(<<<'SQL'
    CREATE TABLE IF NOT EXISTS entries (
      id INT AUTO_INCREMENT PRIMARY KEY,
      name VARCHAR(100) NOT NULL,
      words VARCHAR(1000) NOT NULL
    ) CHARACTER SET utf8mb4
    SQL);
echo "The table is there\n";
