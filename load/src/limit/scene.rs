//! A workspace to measure in, made through the public interface.

use super::servers::Loggia;
use crate::api::Api;
use crate::driver::plan::{Partner, Plan, Server, Workspace};
use crate::setup::Setup;
use crate::wire::Marks;

/// Sessions that edit: so many that none needs more than the server allows one.
pub(crate) const EDITORS: usize = 20;
/// Calls in flight at once.
const CONCURRENCY: usize = 32;

/// Makes a workspace in multi-partner mode with so many partners; the plan has so many sessions of theirs, or of the team
/// when there are no partners.
pub(crate) async fn make(server: &Loggia, partners: u32, sessions: usize) -> anyhow::Result<Plan> {
    let api = Api::new(&format!("http://{}", server.address), false).await?;
    let run = fastrand::u32(..);
    let marks = Marks::new(run);
    let setup = Setup { api: &api, admin: &server.token, marks: &marks, concurrency: CONCURRENCY };
    let name = "Limit";
    let id = setup.workspace(name).await?;
    let items = setup.requests(&id).await?;
    setup.switch(&id, name).await?;
    let domains = partners.div_ceil(4).max(1);
    let people = if partners > 0 { setup.partners(&id, partners, domains).await? } else { Vec::new() };
    let (_, snapshot) = setup.snapshot(&id, &server.token).await?;
    let partners = people.into_iter().map(|partner| Partner {
        number: partner.number,
        domain: partner.domain,
        user: partner.user,
        token: partner.token.to_string(),
    });
    let workspace = Workspace {
        id,
        epoch: snapshot.epoch,
        shared: snapshot.positions.shared,
        team: snapshot.positions.team,
        run,
        editor: server.token.clone(),
        items,
        partners: partners.collect(),
    };
    let server = Server::Loggia(workspace);
    Ok(Plan { address: api.address, watchers: sessions, publishers: EDITORS, server })
}
