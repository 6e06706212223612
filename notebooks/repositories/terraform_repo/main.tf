# The machines of the cluster. Terraform makes them; what runs in the cluster is in the other repositories.
terraform {
  required_providers {
    hcloud = { source = "hetznercloud/hcloud" }
  }
}

resource "hcloud_server" "node" {
  count       = 3
  name        = "node-${count.index + 1}"
  server_type = "cx32"
  image       = "ubuntu-24.04"
  user_data   = "#cloud-config\nsnap: {commands: [snap install microk8s --classic]}\n"
}
