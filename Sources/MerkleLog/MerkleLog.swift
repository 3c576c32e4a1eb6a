enum MerkleLogRoom {}
