-- Fingerprint of the key that the token was made with; NULL: it was made before this was kept.
ALTER TABLE token ADD COLUMN made_with TEXT;
