-- Numbers of a boot as they are, not compressed: while lanes and workers fill each other's gaps, a boot is
-- some hundred ranges, and the server spent most of a batch's "add_boots" on packing and unpacking them.

ALTER TABLE device_boot ALTER COLUMN seqs SET STORAGE EXTERNAL;
