<?php

declare(strict_types=1);

require __DIR__ . '/../database.php';

$database = database();
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $name = mb_substr(trim((string) ($_POST['name'] ?? '')), 0, 100);
    $words = mb_substr(trim((string) ($_POST['words'] ?? '')), 0, 1000);
    if ($name !== '' && $words !== '') {
        $database->prepare('INSERT INTO entries (name, words) VALUES (?, ?)')->execute([$name, $words]);
    }
    // So that a reload does not send it again.
    header('Location: /', true, 303);
    exit;
}
$entries = $database->query('SELECT name, words FROM entries ORDER BY id DESC LIMIT 50')->fetchAll();
$text = static fn (string $value): string => htmlspecialchars($value, ENT_QUOTES);
?>
<!doctype html>
<meta charset="utf-8">
<title>Guest book</title>
<h1>Guest book</h1>
<form method="post">
  <p><label>Name <input name="name" required maxlength="100"></label></p>
  <p><label>Words <textarea name="words" required maxlength="1000"></textarea></label></p>
  <p><button>Write</button></p>
</form>
<?php foreach ($entries as $entry): ?>
<p><b><?= $text($entry['name']) ?></b>: <?= $text($entry['words']) ?></p>
<?php endforeach ?>
